package server

import (
	"errors"
	"strings"

	"berth/internal/config"
)

// hzMax is the most often that the periodic work runs in a second.
const hzMax = 500

// process adds what concerns the process: its log, its files, its signals and
// its periodic work.
func (l *paramList) process() {
	c := l.c
	s, v := c.s, &c.Values

	l.add("daemonize", "", immutable, config.BoolAt(&v.Daemonize, false))
	l.add("pidfile", "", immutable, config.OptionalAt(&v.PidFile))
	l.add("logfile", "", immutable, config.StringAt(&s.log.file, ""))
	l.add("loglevel", "", 0, s.log.levelValue())
	l.add("dir", "", config.Protected|config.DenyLoading, dirValue())
	l.keepBool("always-show-logo", "", immutable, false)
	l.keepBool("set-proc-title", "", immutable, true)
	l.keepString("proc-title-template", "", 0, "{title} {listen-addr} {server-mode}").Check = checkTitle
	l.keepBool("syslog-enabled", "", immutable, false)
	l.noEffect()
	l.keepString("syslog-ident", "", immutable, "redis")
	l.keepEnum("syslog-facility", immutable, "local0",
		"user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7")
	l.keepEnum("supervised", immutable, "no", "upstart", "systemd", "auto", "no")
	l.noEffect()
	l.add("shutdown-on-sigint", "", multiArg, shutdownFlagsValue(&v.ShutdownOnSigint))
	l.add("shutdown-on-sigterm", "", multiArg, shutdownFlagsValue(&v.ShutdownOnSigterm))
	l.keepInt("shutdown-timeout", "", 0, 10, 0, config.MaxInt, 0)
	l.keepBool("crash-log-enabled", "", 0, true)
	l.keepBool("crash-memcheck-enabled", "", 0, true)
	l.keepBool("use-exit-on-panic", "", hidden, false)
	l.keepInt("watchdog-period", "", hidden, 0, 0, config.MaxInt, 0)
	l.keepString("ignore-warnings", "", 0, "")
	l.keepBool("disable-thp", "", immutable, true)
	l.keepString("locale-collate", "", 0, "")
	for _, name := range []string{"server_cpulist", "bio_cpulist", "aof_rewrite_cpulist", "bgsave_cpulist"} {
		l.keepOptional(name, "", immutable)
		l.noEffect()
	}
	l.keepEnum("oom-score-adj", 0, "no", "no", "yes", "relative", "absolute")
	oom := l.list[len(l.list)-1].Value.(*config.Enum)
	oom.Choices[2].Value = oom.Choices[1].Value // relative is another word for yes
	l.noEffect()
	v.OOMScores = [3]int{0, 200, 800}
	l.add("oom-score-adj-values", "", multiArg, oomScoresValue(s, &v.OOMScores))

	hz := config.IntAt(&s.Settings.Hz, 10, 0, config.MaxInt, 0)
	hz.Store = func(n int64) error {
		s.Settings.Hz = int(min(max(n, 1), hzMax))
		return nil
	}
	l.add("hz", "", 0, hz)
	l.keepBool("dynamic-hz", "", 0, true)
	l.add("active-expire-effort", "", 0, config.IntAt(&v.ExpireEffort, 1, 1, 10, 0))
	l.keepBool("activerehashing", "", 0, true)
	l.add("databases", "", immutable, config.IntAt(&s.Settings.Databases, 16, 1, config.MaxInt, 0))

	l.keepInt("busy-reply-threshold", "lua-time-limit", 0, 5000, 0, config.MaxLong, 0)
	l.add("slowlog-log-slower-than", "", 0, config.IntAt(&v.SlowlogThreshold, 10000, -1, config.MaxLong, 0))
	l.apply(s.applySlowlog)
	l.add("slowlog-max-len", "", 0, config.IntAt(&v.SlowlogMaxLen, 128, 0, config.MaxLong, 0))
	l.apply(s.applySlowlog)
	// This one is berth's own.
	l.add("module-slow-callback-ms", "", 0, config.IntAt(&v.SlowCallback, 100, 0, config.MaxLong, 0))
	l.apply(s.applySlowCallback)
	l.keepInt("latency-monitor-threshold", "", 0, 0, 0, config.MaxLong, 0)
	l.apply(s.applySlowlog)
	l.add("latency-tracking", "", 0, config.BoolAt(&v.LatencyTracking, true))
	v.Percentiles = []float64{50, 99, 99.9}
	l.add("latency-tracking-info-percentiles", "", multiArg, percentilesValue(&v.Percentiles))
	l.add("notify-keyspace-events", "", 0, notifyValue(&v.NotifyFlags))
	l.apply(s.configureNotify)
}

// levelValue is the parameter loglevel.
func (g *logState) levelValue() *config.Enum {
	return &config.Enum{
		Default: int(LogNotice),
		Choices: []config.Choice{
			{Name: "debug", Value: int(LogDebug)},
			{Name: "verbose", Value: int(LogVerbose)},
			{Name: "notice", Value: int(LogNotice)},
			{Name: "warning", Value: int(LogWarning)},
			{Name: "nothing", Value: int(LogNothing)},
		},
		Load:  func() int { return int(g.level.Load()) },
		Store: func(n int) error { g.level.Store(int32(n)); return nil },
	}
}

// shutdownFlagsValue is shutdown-on-sigint or shutdown-on-sigterm.
func shutdownFlagsValue(p *ShutdownFlags) *config.Enum {
	v := config.EnumAt(p, 0, []config.Choice{
		{Name: "default", Value: 0},
		{Name: "save", Value: int(ShutdownSave)},
		{Name: "nosave", Value: int(ShutdownNoSave)},
		{Name: "now", Value: int(ShutdownNow)},
		{Name: "force", Value: int(ShutdownForce)},
	})
	v.Bits = true
	v.Check = func(n int) error {
		if f := ShutdownFlags(n); f&ShutdownSave != 0 && f&ShutdownNoSave != 0 {
			return errors.New("shutdown options SAVE and NOSAVE can't be used simultaneously")
		}
		return nil
	}
	return v
}

// titleVariables may stand in braces in proc-title-template.
var titleVariables = strings.NewReplacer("{title}", "", "{listen-addr}", "x", "{server-mode}", "",
	"{config-file}", "x", "{port}", "x", "{tls-port}", "x", "{unixsocket}", "x", "{{", "(")

// checkTitle accepts a template that has only known variables and does not
// come out empty.
func checkTitle(template string) error {
	text := titleVariables.Replace(template)
	if strings.Contains(text, "{") || strings.TrimSpace(text) == "" {
		return errors.New("template format is invalid or contains unknown variables")
	}
	return nil
}
