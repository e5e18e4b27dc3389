package main

import (
	"context"
	"time"
)

// A prefilled backlog: how fast it is put in, and how fast it is worked, both in jobs a second.
func measureDrain(ctx context.Context, o options) (submit, drain float64, err error) {
	s, err := open(ctx, o.database, o.tune, nil)
	if err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	if err := s.insert(ctx, o.tasks, o.tune.batch); err != nil {
		return 0, 0, err
	}
	submit = float64(o.tasks) / time.Since(begun).Seconds()
	if err := s.execute(ctx, "vacuum analyze river_job", "checkpoint"); err != nil {
		return 0, 0, err
	}
	if err := s.client.Start(ctx); err != nil {
		return 0, 0, err
	}
	if err := s.until(ctx, o.tasks); err != nil {
		return 0, 0, err
	}
	// From the first job that began, so that starting the client costs nothing here.
	drain = float64(o.tasks) / (float64(s.last.Load()-s.first.Load()) / 1e9)
	return submit, drain, s.close(ctx)
}

// Whole lives: jobs put in and worked at once, in jobs a second from the first insert to the last
// completion.
func measureLife(ctx context.Context, o options) (float64, error) {
	s, err := open(ctx, o.database, o.tune, nil)
	if err != nil {
		return 0, err
	}
	if err := s.client.Start(ctx); err != nil {
		return 0, err
	}
	const warm = 1_000
	if err := s.insert(ctx, warm, warm); err != nil {
		return 0, err
	}
	if err := s.until(ctx, warm); err != nil {
		return 0, err
	}
	begun := time.Now().UnixNano()
	if err := s.insert(ctx, o.tasks, o.tune.batch); err != nil {
		return 0, err
	}
	if err := s.until(ctx, o.tasks+warm); err != nil {
		return 0, err
	}
	life := float64(o.tasks) / (float64(s.last.Load()-begun) / 1e9)
	return life, s.close(ctx)
}
