/*
 * Sequences of the CNTK text format with nothing unusual in them (readers.md 1.1 to 1.4); all others are the reader's,
 * which alone says what is wrong. A line feed at the end of the text keeps every scan within it; 8 bytes behind it are
 * looked at, whatever they are.
 */
#include "vector.h"

typedef unsigned char byte;
typedef unsigned long long words;

/* One stream; offsets count from the beginning of memory. */
typedef struct {
  int name, name_length, dimension, is_sparse;
  /* 1 for bytes, 4 for floats, 8 for doubles */
  int bytes_per_value;
  /* values; row of each value and values up to the end of each sample, both sparse; samples up to the end of each sequence */
  int values, indices, sample_ends, sequence_ends;
  /* so far, and before the sequence being read */
  int samples, entries, first_sample, first_entry;
  /* set where a value does not fit into its byte */
  int needs_floats;
  double number;
} Stream;

INLINE int is_digit(byte b) { return b >= '0' && b <= '9'; }
INLINE int is_blank(byte b) { return b == ' ' || b == '\t'; }
INLINE int ends_sample(byte b) { return b < ' ' || b == '|' || b >= 0x80; }
INLINE int ends_name(byte b) { return b <= ' ' || b == '|' || b >= 0x80; }

INLINE unsigned load_word(const byte *at) {
  unsigned word;
  __builtin_memcpy(&word, at, 4);
  return word;
}

INLINE words load_words(const byte *at) {
  words both;
  __builtin_memcpy(&both, at, 8);
  return both;
}

/* A function of its own, so that no compiler makes one rounding of two by fusing it with the product before. */
__attribute__((noinline)) static double add_digit(double tens, byte digit) { return tens + (digit - '0'); }

/* The value of digits and the byte after them. */
typedef struct {
  const byte *end;
  double value;
} Digits;

/* Exact up to fifteen digits; from then on rounded at every step, as CNTK does. */
INLINE Digits read_digits(const byte *at) {
  const byte *exact_end = at + 15;
  long long exact = 0;
  for (; at < exact_end && is_digit(*at); at++) exact = exact * 10 + (*at - '0');
  double value = (double)exact;
  for (; is_digit(*at); at++) value = add_digit(value * 10, *at);
  return (Digits){at, value};
}

/* Ten to the power of a number of digits, multiplied up as CNTK does: exact up to the 22nd. */
INLINE double power_of_digits(long digits, const double *powers) {
  double power = powers[digits < 22 ? digits : 22];
  for (long i = 22; i < digits; i++) power *= 10;
  return power;
}

/*
 * [sign] digits [. [digits [exponent]]] or [sign] digits exponent; powers [-400 ... 400] of ten. The number goes to
 * value. Returns the byte after it, 0 if it is malformed.
 */
__attribute__((noinline)) static const byte *read_number(const byte *at, const double *powers, double *value) {
  const int is_negative = *at == '-';
  at += is_negative || *at == '+';
  if (!is_digit(*at)) return 0;
  const Digits whole = read_digits(at);
  double number = whole.value;
  at = whole.end;
  int may_have_exponent = 1;
  if (*at == '.') {
    const Digits fraction = read_digits(at + 1);
    const long digits = fraction.end - at - 1;
    if (digits > 0) number += fraction.value / power_of_digits(digits, powers);
    may_have_exponent = digits > 0;
    at = fraction.end;
  }
  if (is_negative) number = -number;
  if (may_have_exponent && (*at | 0x20) == 'e') {
    const int is_small = at[1] == '-';
    at += 1 + (is_small || at[1] == '+');
    if (!is_digit(*at)) return 0;
    const Digits exponent = read_digits(at);
    const int power = exponent.value < 400 ? (int)exponent.value : 400;
    number *= powers[is_small ? -power : power];
    at = exponent.end;
  }
  *value = number;
  return at;
}

/* How many of the four bytes at a place are digits, up to the first that is none. */
INLINE int leading_digits(unsigned word) {
  const unsigned values = word ^ 0x30303030;
  const unsigned others = ((values + 0x76767676) | values) & 0x80808080;
  return others == 0 ? 4 : __builtin_ctz(others) >> 3;
}

/* The number that the first one to three bytes spell. */
INLINE int small_number(unsigned word, int digits) {
  const unsigned last = (word ^ 0x30303030) << (32 - 8 * digits);
  return (int)((last >> 8 & 255) * 100 + (last >> 16 & 255) * 10 + (last >> 24));
}

INLINE int fits_byte(double value) {
  return value >= 0 && value <= 255 && value == (int)value && !__builtin_signbit(value);
}

INLINE void store_number(char *values, int bytes_per_value, int i, double value) {
  if (bytes_per_value == 1) ((byte *)values)[i] = (byte)(int)value;
  else if (bytes_per_value == 4) ((float *)values)[i] = (float)value;
  else ((double *)values)[i] = value;
}

INLINE void store_small(char *values, int bytes_per_value, int i, int value) {
  if (bytes_per_value == 1) ((byte *)values)[i] = (byte)value;
  else store_number(values, bytes_per_value, i, value);
}

INLINE void store_four_zeros(char *values, int bytes_per_value, int i) {
  char *to = values + i * bytes_per_value;
  for (int word = 0; word < bytes_per_value; word++) __builtin_memset(to + 4 * word, 0, 4);
}

/* The values of a dense sample, exactly as many as its dimension, up to the byte that ends it; 0 if it is unusual. */
static const byte *read_dense(const byte *at, char *memory, Stream *stream, const double *powers) {
  const words four_zeros = 0x2030203020302030; /* "0 0 0 0 " */
  const int dimension = stream->dimension;
  const int size = stream->bytes_per_value;
  char *values = memory + stream->values + stream->samples * dimension * size;
  int count = 0;
  for (;;) {
    for (; load_words(at) == four_zeros && count + 4 <= dimension; at += 8, count += 4)
      store_four_zeros(values, size, count);
    if (is_blank(*at)) {
      at++;
      continue;
    }
    if (ends_sample(*at)) return count == dimension ? at : 0;
    if (count == dimension) return 0;
    const unsigned word = load_word(at);
    const int digits = leading_digits(word);
    if (digits > 0 && digits < 4 && at[digits] == ' ') {
      const int value = small_number(word, digits);
      if (size == 1 && value > 255) break;
      store_small(values, size, count++, value);
      at += digits + 1;
      continue;
    }
    at = read_number(at, powers, &stream->number);
    if (at == 0) return 0;
    if (size == 1 && !fits_byte(stream->number)) break;
    store_number(values, size, count++, stream->number);
  }
  stream->needs_floats = 1;
  return 0;
}

/* The entries `index:value` of a sparse sample, up to the byte that ends it; 0 if it is unusual. */
static const byte *read_sparse(const byte *at, char *memory, Stream *stream, const double *powers) {
  char *values = memory + stream->values;
  int *indices = (int *)(memory + stream->indices);
  for (;;) {
    if (is_blank(*at)) {
      at++;
      continue;
    }
    if (ends_sample(*at)) break;
    const Digits index = read_digits(at);
    if (index.end == at || index.value >= stream->dimension || *index.end != ':') return 0;
    at = read_number(index.end + 1, powers, &stream->number);
    if (at == 0) return 0;
    indices[stream->entries] = (int)index.value;
    store_number(values, stream->bytes_per_value, stream->entries++, stream->number);
  }
  ((int *)(memory + stream->sample_ends))[stream->samples] = stream->entries;
  return at;
}

INLINE const byte *skip_item(const byte *at) {
  while (*at != '|' && *at != '\n') at++;
  return at;
}

/* The stream of this name; 0 if none has it. */
INLINE Stream *stream_named(const byte *name, long length, const char *memory, Stream *streams, int stream_count) {
  for (int number = 0; number < stream_count; number++) {
    const byte *other = (const byte *)memory + streams[number].name;
    long i = 0;
    while (i < length && other[i] == name[i]) i++;
    if (i == length && streams[number].name_length == length) return &streams[number];
  }
  return 0;
}

/* A row of a sequence of so many rows, up to the byte after its line feed; 0 if it is unusual. */
static const byte *read_row(const byte *at, char *memory, Stream *streams, int stream_count, int longest_name, int rows,
                            const double *powers) {
  int samples = 0;
  while (is_digit(*at)) at++;
  for (;;) {
    if (*at == '\n') return samples > 0 ? at + 1 : 0;
    if (*at <= ' ' || *at >= 0x80) {
      at++;
      continue;
    }
    if (*at++ != '|') return 0;
    const byte *name = at;
    while (!ends_name(*at)) at++;
    const long length = at - name;
    if (*name != '#' && (length == 0 || length > longest_name)) return 0;
    Stream *stream = *name == '#' ? 0 : stream_named(name, length, memory, streams, stream_count);
    if (stream == 0) {
      at = skip_item(at);
      continue;
    }
    if (++samples > stream_count || stream->samples - stream->first_sample == rows) return 0;
    at = stream->is_sparse ? read_sparse(at, memory, stream, powers) : read_dense(at, memory, stream, powers);
    if (at == 0) return 0;
    stream->samples++;
  }
}

/* Ends a sequence of so many rows: every stream has a sample, and the longest one in each row. Returns 0 if not so. */
INLINE int end_sequence(char *memory, Stream *streams, int stream_count, int sequence, int rows) {
  int longest = 0;
  for (int i = 0; i < stream_count; i++) {
    const int samples = streams[i].samples - streams[i].first_sample;
    if (samples == 0) return 0;
    if (samples > longest) longest = samples;
  }
  if (longest < rows) return 0;
  for (int i = 0; i < stream_count; i++) {
    Stream *stream = &streams[i];
    ((int *)(memory + stream->sequence_ends))[sequence] = stream->samples;
    stream->first_sample = stream->samples;
    stream->first_entry = stream->entries;
  }
  return 1;
}

/*
 * Reads sequences, lengths [sequences] rows long, one after the other from text on; powers [801] of ten, from the -400th
 * on; stream_table [stream_count] of Stream. Items with other names, of up to longest_name bytes, are skipped.
 * finished [1]: how many sequences there were before an unusual one, of which nothing is kept.
 */
void read_text_sequences(char *memory, const char *text, const int *lengths, const double *powers, void *stream_table,
                         int *finished, int sequences, int stream_count, int longest_name) {
  Stream *streams = stream_table;
  const byte *at = (const byte *)text;
  *finished = 0;
  for (int sequence = 0; sequence < sequences; sequence++) {
    const int rows = lengths[sequence];
    for (int row = 0; row < rows && at != 0; row++)
      at = read_row(at, memory, streams, stream_count, longest_name, rows, powers + 400);
    if (at == 0 || !end_sequence(memory, streams, stream_count, sequence, rows)) break;
    *finished = sequence + 1;
  }
  for (int i = 0; i < stream_count; i++) {
    streams[i].samples = streams[i].first_sample;
    streams[i].entries = streams[i].first_entry;
  }
}
