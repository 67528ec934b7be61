package config

import "strings"

// Options makes configuration lines of command line arguments: "--port 6380"
// becomes `port "6380"`. Values follow their option until the next argument
// that begins with two dashes; such an argument right behind an option that
// still lacks a value is that value. "--save" alone empties the save points.
// stdin is set when a lone dash at either end asks to read standard input;
// first says that args begins with the first argument of the command.
func Options(args []string, first bool) (lines string, stdin bool) {
	var b strings.Builder
	hasValue := true
	for i, arg := range args {
		last := i == len(args)-1
		if arg == "-" && (i == 0 && first || last) {
			stdin = true
			continue
		}
		if !hasValue || !strings.HasPrefix(arg, "--") {
			b.WriteString(Quote(arg))
			b.WriteByte(' ')
			hasValue = true
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(arg[2:])
		b.WriteByte(' ')
		words, err := Split(arg)
		hasValue = err != nil || len(words) != 1
		if !hasValue && strings.EqualFold(arg, "--save") &&
			(last || strings.HasPrefix(args[i+1], "--")) {
			b.WriteString(`""`)
			hasValue = true
		}
	}
	return b.String(), stdin
}
