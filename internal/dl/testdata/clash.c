/* Two builds of this file export the same names with different answers. */
int shared_answer(void) { return ANSWER; }
int answer(void) { return shared_answer(); }
