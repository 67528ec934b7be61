package preflight

const nonBlock = 0
