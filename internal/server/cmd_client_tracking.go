package server

import (
	"bytes"
	"slices"
)

// trackingOptions are the arguments of CLIENT TRACKING behind ON or OFF.
type trackingOptions struct {
	redirect uint64
	mode     ClientFlag
	prefixes [][]byte
}

// parseTracking reads the options of CLIENT TRACKING; text is an error to reply.
func (s *Server) parseTracking(args [][]byte) (o trackingOptions, text string) {
	for i := 0; i < len(args); i++ {
		more := i+1 < len(args)
		switch arg := args[i]; {
		case equalFold(arg, "redirect") && more:
			i++
			if o.redirect != 0 {
				return o, "ERR A client can only redirect to a single other client"
			}
			id, ok := ParseInt(args[i])
			if !ok {
				return o, ErrTextNotInteger
			}
			if s.ClientByID(uint64(id)) == nil {
				return o, "ERR The client ID you want redirect to does not exist"
			}
			o.redirect = uint64(id)
		case equalFold(arg, "bcast"):
			o.mode |= FlagTrackingBcast
		case equalFold(arg, "optin"):
			o.mode |= FlagTrackingOptIn
		case equalFold(arg, "optout"):
			o.mode |= FlagTrackingOptOut
		case equalFold(arg, "noloop"):
			o.mode |= FlagTrackingNoLoop
		case equalFold(arg, "prefix") && more:
			i++
			o.prefixes = append(o.prefixes, args[i])
		default:
			return o, ErrTextSyntax
		}
	}
	return o, ""
}

// refuse says why the client cannot have these options, "" when it can.
func (o *trackingOptions) refuse(c *Client) string {
	const differentMode = "before disabling tracking for this client, and then re-enabling it with a different mode."
	const both = FlagTrackingOptIn | FlagTrackingOptOut
	bcast := o.mode&FlagTrackingBcast != 0
	switch {
	case !bcast && len(o.prefixes) != 0:
		return "ERR PREFIX option requires BCAST mode to be enabled"
	case c.Flags&FlagTracking != 0 && (c.Flags^o.mode)&FlagTrackingBcast != 0:
		return "ERR You can't switch BCAST mode on/off " + differentMode
	case bcast && o.mode&both != 0:
		return "ERR OPTIN and OPTOUT are not compatible with BCAST"
	case o.mode&both == both:
		return "ERR You can't specify both OPTIN mode and OPTOUT mode"
	case (o.mode|c.Flags)&both == both:
		return "ERR You can't switch OPTIN/OPTOUT mode " + differentMode
	case bcast:
		return o.overlap(c)
	}
	return ""
}

// overlap says which prefixes are prefixes of each other, "" for none.
func (o *trackingOptions) overlap(c *Client) string {
	const never = "Prefixes for a single client must not overlap."
	overlaps := func(a, b []byte) bool { return bytes.HasPrefix(a, b) || bytes.HasPrefix(b, a) }
	for i, p := range o.prefixes {
		if c.tracking != nil {
			for _, have := range slices.Sorted(slices.Values(c.tracking.prefixes)) {
				if overlaps(p, []byte(have)) {
					return "ERR Prefix '" + cString(p) + "' overlaps with an existing prefix '" + cString([]byte(have)) + "'. " + never
				}
			}
		}
		for _, other := range o.prefixes[i+1:] {
			if overlaps(p, other) {
				return "ERR Prefix '" + cString(p) + "' overlaps with another provided prefix '" + cString(other) + "'. " + never
			}
		}
	}
	return ""
}

// cString is b up to a NUL, as a C format shows it.
func cString(b []byte) string { return cut(b, len(b)) }

// cmdClientTracking is CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...]
// [BCAST] [OPTIN] [OPTOUT] [NOLOOP].
func cmdClientTracking(c *Client, argv [][]byte) {
	o, text := c.srv.parseTracking(argv[3:])
	switch {
	case text != "":
	case equalFold(argv[2], "on"):
		if text = o.refuse(c); text == "" {
			c.enableTracking(o.redirect, o.mode, o.prefixes)
		}
	case equalFold(argv[2], "off"):
		c.disableTracking()
	default:
		text = ErrTextSyntax
	}
	if text != "" {
		c.WriteError(text)
		return
	}
	c.WriteOK()
}

// cmdClientCaching is CLIENT CACHING YES|NO.
func cmdClientCaching(c *Client, argv [][]byte) {
	yes, no := equalFold(argv[2], "yes"), equalFold(argv[2], "no")
	switch {
	case c.Flags&FlagTracking == 0:
		c.WriteError("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	case yes && c.Flags&FlagTrackingOptIn == 0:
		c.WriteError("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	case no && c.Flags&FlagTrackingOptOut == 0:
		c.WriteError("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	case !yes && !no:
		c.WriteError(ErrTextSyntax)
	default:
		c.Flags |= FlagTrackingCaching
		c.WriteOK()
	}
}

// trackingRedirect is the id of the client that gets the tracking messages, 0
// for the same and -1 without tracking.
func (c *Client) trackingRedirect() int64 {
	if c.tracking == nil {
		return -1
	}
	return int64(c.tracking.redirect)
}

// cmdClientGetRedir is CLIENT GETREDIR.
func cmdClientGetRedir(c *Client, _ [][]byte) { c.WriteInt(c.trackingRedirect()) }

// cmdClientTrackingInfo is CLIENT TRACKINGINFO.
func cmdClientTrackingInfo(c *Client, _ [][]byte) {
	words := []string{"off"}
	if c.Flags&FlagTracking != 0 {
		words[0] = "on"
	}
	for _, f := range []struct {
		flags ClientFlag
		name  string
	}{
		{FlagTrackingBcast, "bcast"},
		{FlagTrackingOptIn, "optin"}, {FlagTrackingOptIn | FlagTrackingCaching, "caching-yes"},
		{FlagTrackingOptOut, "optout"}, {FlagTrackingOptOut | FlagTrackingCaching, "caching-no"},
		{FlagTrackingNoLoop, "noloop"}, {FlagTrackingBroken, "broken_redirect"},
	} {
		if c.Flags&f.flags == f.flags {
			words = append(words, f.name)
		}
	}
	c.WriteMap(3)
	c.WriteBulkString("flags")
	c.WriteSet(len(words))
	for _, word := range words {
		c.WriteBulkString(word)
	}
	c.WriteBulkString("redirect")
	c.WriteInt(c.trackingRedirect())
	c.WriteBulkString("prefixes")
	var prefixes []string
	if c.tracking != nil {
		prefixes = slices.Sorted(slices.Values(c.tracking.prefixes))
	}
	c.WriteArray(len(prefixes))
	for _, p := range prefixes {
		c.WriteBulkString(p)
	}
}
