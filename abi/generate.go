package abi

//go:generate go run berth/internal/genapi
