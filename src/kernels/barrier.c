/* Where all threads wait for each other: whoever runs a list of calls divides it here. */
#include "vector.h"

void barrier(void) {}
