/* Uses libm without naming it, as many modules do: linked without -lm. */
double exp(double);
double pow(double, double);
double grow(double x) { return exp(x) + pow(x, 2); }
