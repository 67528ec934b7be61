package preflight

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// width is where lists are broken.
const width = 78

// WriteText prints the report for people. The output is stable: the same file
// on the same system gives the same text.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintln(&b, r.Path)
	line := func(name, format string, a ...any) {
		fmt.Fprintf(&b, "  %-13s %s\n", name, fmt.Sprintf(format, a...))
	}
	if r.Language != "" {
		what := r.Language
		if r.GoVersion != "" {
			what += ", built by " + r.GoVersion
		}
		if r.GoPackage != "" {
			what += ", package " + r.GoPackage
		}
		line("written in", "%s", what)
	}
	if r.Architecture != "" {
		line("architecture", "%s", r.Architecture)
	}
	if r.Language != "" {
		entries := strings.Join(r.EntryPoints, ", ")
		if entries == "" {
			entries = "none"
		}
		line("entry points", "%s", entries)
		for i, lib := range r.Libraries {
			name := ""
			if i == 0 {
				name = "libraries"
			}
			line(name, "%s", lib)
		}
		r.functions(&b, line)
	}
	if r.Problem == "" {
		line("loads", "yes")
	} else {
		line("loads", "no. %s", r.Problem)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// functions prints what the module asks for and what of it berth lacks. If it is
// known what it calls, only that is listed.
func (r *Report) functions(b *strings.Builder, line func(name, format string, a ...any)) {
	asks := count(len(r.Functions), "module function")
	if r.Called != nil {
		asks += fmt.Sprintf(", calls %d", len(r.Called))
	}
	line("asks for", "%s", asks)
	list, tail := r.Lacking, ""
	if r.Called != nil {
		list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !slices.Contains(r.Called, s) })
		tail = fmt.Sprintf(", calls %d of those", len(list))
	}
	switch {
	case len(r.Functions) == 0:
	case len(r.Lacking) == 0:
		line("berth lacks", "none of them")
	default:
		line("berth lacks", "%d of them%s", len(r.Lacking), tail)
		wrap(b, list)
	}
}

// String says where a library is.
func (l Library) String() string {
	s := l.Name
	switch {
	case l.Missing:
		s += " => not found"
	case l.Path != "":
		s += " => " + l.Path
	}
	if l.By != "" {
		s += " (for " + l.By + ")"
	}
	return s
}

func count(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// wrap prints names under one another, as many in a line as fit.
func wrap(b *strings.Builder, names []string) {
	const indent = "                "
	if len(names) == 0 {
		return
	}
	column := 0
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		}
		if column > 0 && column+1+len(name) > width {
			b.WriteByte('\n')
			column = 0
		}
		if column == 0 {
			b.WriteString(indent)
			column = len(indent)
		} else {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(name)
		column += len(name)
	}
	b.WriteByte('\n')
}
