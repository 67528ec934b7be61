/* A line protocol for people and for shell scripts, and its translation into
 * the server's protocol and back. modules/echoserver.c speaks it.
 *
 * A line is a command, its words parted by blanks; a word in double quotes may
 * hold blanks and the escapes \n \r \t \" \\ \xHH. Each reply is one line:
 *
 *   set greeting "good morning"        OK
 *   get greeting                       "good morning"
 *   lrange list 0 -1                   ["a" "b"]
 *   get nothing                        nil
 *   llen greeting                      ! WRONGTYPE Operation against a key ...
 *
 * Nothing here does any input or output, so that any thread may use it on
 * buffers of its own. */
#ifndef LINE_PROTOCOL_H
#define LINE_PROTOCOL_H

#include "redismodule.h"

#include <string.h>

/* ---- bytes on their way ---- */

/* A buffer begins as zeros. */
struct buffer {
    char *data;
    size_t from, to, cap; /* what is left lies between from and to */
};

static inline size_t pending(const struct buffer *b) { return b->to - b->from; }
static inline char *head(const struct buffer *b) { return b->data + b->from; }

/* space makes room for n bytes behind the last. Who writes there moves b->to. */
static inline char *space(struct buffer *b, size_t n) {
    if (b->from == b->to) b->from = b->to = 0;
    if (b->cap - b->to < n && b->from > 0) {
        memmove(b->data, head(b), pending(b));
        b->to -= b->from;
        b->from = 0;
    }
    if (b->cap - b->to < n) {
        b->cap = (b->cap + n) * 2;
        b->data = RedisModule_Realloc(b->data, b->cap);
    }
    return b->data + b->to;
}

static inline void add(struct buffer *b, const char *bytes, size_t n) {
    memcpy(space(b, n), bytes, n);
    b->to += n;
}

static inline void addText(struct buffer *b, const char *text) { add(b, text, strlen(text)); }

/* addHeader adds the line that begins an array or a string: its kind and length. */
static inline void addHeader(struct buffer *b, char kind, size_t n) {
    char line[32];
    add(b, line, (size_t)snprintf(line, sizeof(line), "%c%zu\r\n", kind, n));
}

static inline void discard(struct buffer *b) { b->from = b->to = 0; }
static inline void freeBuffer(struct buffer *b) { RedisModule_Free(b->data); }

/* ---- a line becomes a command ---- */

enum { WORDS_END = -1, WORDS_UNBALANCED = -2 };

static inline int hexDigit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 'a' - 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* nextWord moves *at past the next word and gives the word's length without
 * quotes and escapes; out, unless NULL, gets the word that way. */
static inline ssize_t nextWord(const char **at, const char *end, char *out) {
    const char *in = *at;
    ssize_t len = 0;
    while (in < end && (*in == ' ' || *in == '\t')) in++;
    if (in == end) return WORDS_END;
    int quoted = *in == '"';
    for (in += quoted; in < end && (quoted ? *in != '"' : *in != ' ' && *in != '\t'); in++, len++) {
        char c = *in;
        if (quoted && c == '\\' && in + 1 < end) {
            c = *++in;
            if (c == 'n') c = '\n';
            else if (c == 'r') c = '\r';
            else if (c == 't') c = '\t';
            else if (c == 'x' && end - in > 2 && hexDigit(in[1]) >= 0 && hexDigit(in[2]) >= 0) {
                c = (char)(hexDigit(in[1]) << 4 | hexDigit(in[2]));
                in += 2;
            }
        }
        if (out != NULL) out[len] = c;
    }
    if (quoted && (in == end || (in + 1 < end && in[1] != ' ' && in[1] != '\t'))) return WORDS_UNBALANCED;
    *at = in + quoted;
    return len;
}

/* lineToCommand adds the command of a line that ends before end. It gives the
 * number of words; for none, and for WORDS_UNBALANCED, it has added nothing. */
static inline ssize_t lineToCommand(struct buffer *out, const char *line, const char *end) {
    const char *at = line;
    ssize_t words = 0, len;
    while ((len = nextWord(&at, end, NULL)) >= 0) words++;
    if (len == WORDS_UNBALANCED) return len;
    if (words > 0) addHeader(out, '*', (size_t)words);
    at = line;
    for (ssize_t i = 0; i < words; i++) {
        const char *again = at;
        len = nextWord(&again, end, NULL);
        addHeader(out, '$', (size_t)len);
        nextWord(&at, end, space(out, (size_t)len));
        out->to += (size_t)len;
        add(out, "\r\n", 2);
    }
    return words;
}

/* ---- a reply becomes a line ---- */

enum { NESTING_MAX = 64 };

/* A printer remembers how far a reply that comes in pieces has been printed. It
 * begins as zeros. */
struct printer {
    long long left[NESTING_MAX]; /* values still to come of each open array */
    int depth;
    int first; /* the next value is the first of its array */
};

/* quote writes a string so that it stays on one line. */
static inline void quote(struct buffer *b, const char *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    char *out = space(b, len * 4 + 2), *at = out;
    *at++ = '"';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        char escape = c == '"' || c == '\\' ? (char)c : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : 0;
        if (escape) {
            *at++ = '\\';
            *at++ = escape;
        } else if (c < ' ' || c == 0x7f) {
            *at++ = '\\';
            *at++ = 'x';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        } else {
            *at++ = (char)c;
        }
    }
    *at++ = '"';
    b->to += (size_t)(at - out);
}

enum { PRINT_GARBAGE = -1, PRINT_INCOMPLETE, PRINT_OPENED, PRINT_VALUE };

/* printValue prints the next value of a reply, of an array only the beginning. */
static inline int printValue(struct printer *p, struct buffer *in, struct buffer *out) {
    const char *line = head(in), *end = pending(in) > 0 ? memchr(line, '\n', pending(in)) : NULL;
    if (end == NULL) return PRINT_INCOMPLETE;
    if (end - line < 2) return PRINT_GARBAGE;
    size_t len = (size_t)(end - line) - 2, size = len + 3; /* the kind in front, \r\n behind */
    char kind = *line;
    long long n = strchr("$=*~>%", kind) != NULL ? strtoll(line + 1, NULL, 10) : -1;
    int isString = (kind == '$' || kind == '=') && n >= 0, isArray = !isString && n >= 0;
    if (isString) {
        if (pending(in) - size < (size_t)n + 2) return PRINT_INCOMPLETE;
        size += (size_t)n + 2;
    }
    if (p->depth > 0 && !p->first) add(out, " ", 1);
    p->first = 0;
    in->from += size; /* line still points to the bytes: only space moves them */
    if (isString) {
        size_t format = kind == '=' && n >= 4 ? 4 : 0; /* a verbatim string begins with "txt:" or the like */
        quote(out, end + 1 + format, (size_t)n - format);
    } else if (isArray) {
        if (p->depth == NESTING_MAX) return PRINT_GARBAGE;
        addText(out, n > 0 ? "[" : "[]");
        if (n == 0) return PRINT_VALUE;
        p->left[p->depth++] = kind == '%' ? n * 2 : n; /* a map is printed as keys and values in turn */
        p->first = 1;
        return PRINT_OPENED;
    } else if (strchr("$*_", kind) != NULL) {
        addText(out, "nil");
    } else if (kind == '#') {
        addText(out, line[1] == 't' ? "true" : "false");
    } else if (strchr("+-:,(", kind) != NULL) {
        if (kind == '-') addText(out, "! ");
        add(out, line + 1, len);
    } else {
        return PRINT_GARBAGE;
    }
    return PRINT_VALUE;
}

/* replyToLine takes the next reply from in and adds its line to out: 1 when it
 * is whole, 0 when more has to come, -1 for what is no reply. */
static inline int replyToLine(struct printer *p, struct buffer *in, struct buffer *out) {
    int state;
    while ((state = printValue(p, in, out)) > PRINT_INCOMPLETE) {
        if (state == PRINT_OPENED) continue;
        /* A value may be the last of its array, and that the last of the one around it. */
        while (p->depth > 0 && --p->left[p->depth - 1] == 0) {
            addText(out, "]");
            p->depth--;
        }
        if (p->depth > 0) continue;
        addText(out, "\n");
        return 1;
    }
    return state;
}

#endif
