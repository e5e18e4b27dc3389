package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// Jobs a second in the last quarter of a run in which jobs are put in and worked at once, with or
// without a transaction that holds a snapshot from before its first job.
func measureHeld(ctx context.Context, o options, held bool) (float64, error) {
	s, err := open(ctx, o.database, o.tune, nil)
	if err != nil {
		return 0, err
	}
	defer s.pool.Close()
	if held {
		holder, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
		if err != nil {
			return 0, err
		}
		defer holder.Rollback(ctx)
		// The snapshot is taken by the first statement.
		if _, err := holder.Exec(ctx, "select count(*) from river_job"); err != nil {
			return 0, err
		}
	}
	if err := s.client.Start(ctx); err != nil {
		return 0, err
	}
	// Enough to be fed, and not so much that the backlog itself is what is measured.
	const backlog = 20_000
	producing, stop := context.WithCancel(ctx)
	produced := make(chan error, 1)
	go func() {
		var inserted int64
		for producing.Err() == nil {
			if inserted-s.completed.Load() >= backlog {
				time.Sleep(5 * time.Millisecond)
				continue
			}
			if err := s.insert(ctx, o.tune.batch, o.tune.batch); err != nil {
				produced <- err
				return
			}
			inserted += int64(o.tune.batch)
		}
		produced <- nil
	}()
	quarter := o.held / 4
	var before int64
	var rate float64
	for n := range 4 {
		time.Sleep(quarter)
		now := s.completed.Load()
		rate = float64(now-before) / quarter.Seconds()
		slog.Info("quarter", "held", held, "number", n+1, "rate", int(rate))
		before = now
	}
	stop()
	if err := <-produced; err != nil {
		return 0, err
	}
	// What is left in the backlog is of no interest.
	stopping, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = s.client.StopAndCancel(stopping)
	s.cancel()
	return rate, nil
}
