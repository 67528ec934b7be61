// Package longdouble computes as C does with an x87 long double, the type in
// which Redis keeps a float while INCRBYFLOAT and its kin work on it: 64 bits of
// mantissa, exponents up to 16384, rounded to even. Numbers are read as strtold
// reads them and written as printf's "%.17Lf" writes them, to the last digit, on
// every processor.
package longdouble
