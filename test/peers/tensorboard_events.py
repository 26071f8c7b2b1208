"""Opens event files with TensorBoard's own reader and prints their scalars.

    pip install tensorboard
    python test/peers/tensorboard_events.py DIR

DIR is what `tscntk configFile=... --tensorboard DIR` has written. Fails if there is no run, or a run without scalars of
its epochs.
"""

import sys

from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer


def main(directory):
    multiplexer = EventMultiplexer().AddRunsFromDirectory(directory)
    multiplexer.Reload()
    runs = multiplexer.Runs()
    if not runs:
        sys.exit(f"TensorBoard finds no run in {directory}")
    for run, kinds in sorted(runs.items()):
        tags = sorted(kinds["scalars"])
        if not any(tag.startswith("epoch/") for tag in tags):
            sys.exit(f"run {run}: no scalars of epochs, only {tags}")
        for tag in tags:
            events = multiplexer.Scalars(run, tag)
            first, last = events[0], events[-1]
            print(
                f"{run} {tag}: {len(events)} values, "
                f"{first.value:g} at step {first.step} to {last.value:g} at step {last.step}"
            )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
