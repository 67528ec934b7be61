/* Needs a function that no library has. */
void nowhere_to_be_found(void);
void go(void) { nowhere_to_be_found(); }
