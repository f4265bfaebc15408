"""The arithmetic, the BLAS library and the memory of the machine that runs it."""
