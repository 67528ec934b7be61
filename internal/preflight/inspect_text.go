package preflight

import (
	"fmt"
	"io"
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
		line("asks for", "%s", count(len(r.Functions), "module function"))
		switch {
		case len(r.Functions) == 0:
		case len(r.Lacking) == 0:
			line("berth lacks", "none of them")
		default:
			line("berth lacks", "%d of them", len(r.Lacking))
			wrap(&b, r.Lacking)
		}
	}
	if r.Problem == "" {
		line("loads", "yes")
	} else {
		line("loads", "no. %s", r.Problem)
	}
	_, err := io.WriteString(w, b.String())
	return err
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
