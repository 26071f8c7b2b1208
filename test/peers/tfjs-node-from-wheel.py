"""Builds the native backend @tensorflow/tfjs-node where its own installation cannot download TensorFlow: the library and
its headers come out of the wheel tensorflow-cpu, the binding is compiled from the sources in the package.

    python3 test/peers/tfjs-node-from-wheel.py FOLDER
    NODE_PATH=FOLDER/node_modules npm run jest -- test/operations test/engine/backend.test.ts

The folder must lie outside the repository. Needs npm, pip and a C++ compiler, and 900 MB; where one of them or a package
is out of reach it says that it was skipped and ends with 0.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGE = "@tensorflow/tfjs-node@4.22.0"
WHEEL = "tensorflow-cpu==2.15.1"
LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")

repository = Path(__file__).resolve().parents[2]


def run(*command: str, cwd: Path) -> None:
    """Runs a command; one that is missing or fails ends the script as skipped."""
    try:
        subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: {error}")
        sys.exit(0)


def install_package(folder: Path) -> Path:
    """The package without its scripts, over the very TensorFlow.js of the repository: two copies would not share tensors."""
    run("npm", "install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--prefix", ".", PACKAGE, cwd=folder)
    scope = folder / "node_modules" / "@tensorflow"
    for own in (repository / "node_modules" / "@tensorflow").iterdir():
        if own.name == "tfjs-node":
            continue
        copy = scope / own.name
        if copy.is_symlink():
            copy.unlink()
        elif copy.exists():
            shutil.rmtree(copy)
        copy.symlink_to(own)
    return scope / "tfjs-node"


def unpack_library(folder: Path, package: Path) -> None:
    """The headers and libraries of the wheel, where the package's own installation would put them."""
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", "wheel", WHEEL, cwd=folder)
    wheel = next((folder / "wheel").glob("*.whl"))
    include, libraries = package / "deps" / "include", package / "deps" / "lib"
    libraries.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            place = Path(name)
            if place.name in LIBRARIES and place.parent.name == "tensorflow":
                with archive.open(name) as source, open(libraries / place.name, "wb") as target:
                    shutil.copyfileobj(source, target)
            elif name.startswith("tensorflow/include/"):
                target = include / place.relative_to("tensorflow/include")
                if not name.endswith("/"):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(name))


def compile_binding(package: Path) -> None:
    target = package / "lib" / "napi-v8" / "tfjs_binding.node"
    target.parent.mkdir(parents=True, exist_ok=True)
    includes = (package, package / "deps" / "include", repository / "node_modules" / "node-api-headers" / "include")
    run(
        *("c++", "-std=c++17", "-O2", "-shared", "-fPIC", "-DNAPI_VERSION=8"),
        *(f"-I{place}" for place in includes),
        *("binding/tfjs_backend.cc", "binding/tfjs_binding.cc", "-Ldeps/lib"),
        *(f"-l:{library}" for library in LIBRARIES),
        "-Wl,-rpath,$ORIGIN/../../deps/lib",
        *("-o", str(target)),
        cwd=package,
    )


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    if folder.is_relative_to(repository):
        sys.exit("the folder must lie outside the repository")
    folder.mkdir(parents=True, exist_ok=True)
    package = install_package(folder)
    unpack_library(folder, package)
    compile_binding(package)
    print(f"built {package}")


main()
