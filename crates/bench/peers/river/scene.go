package main

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// How River is set up; README.md says why.
type tuning struct {
	workers     int
	connections int
	batch       int
	cooldown    time.Duration
	poll        time.Duration
}

// What River does when it is told nothing, with the 100 workers that its documentation shows.
func (t tuning) defaults() tuning {
	return tuning{workers: 100, connections: t.connections, batch: t.batch}
}

// The no-op job that everything is measured with.
type noop struct {
	Sent int64 `json:"sent"`
}

func (noop) Kind() string { return "noop" }

type worker struct {
	river.WorkerDefaults[noop]
	begun func(noop)
}

func (w *worker) Work(_ context.Context, job *river.Job[noop]) error {
	w.begun(job.Args)
	return nil
}

// A database of its own with River's schema, a client that works in it, and what it has done.
type scene struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	// Ends the subscription.
	cancel func()
	// Unix time in nanoseconds at which the first job began, 0 before; and the last was completed.
	first, last atomic.Int64
	completed   atomic.Int64
	// Signalled, without waiting, when jobs have been completed.
	moved chan struct{}
}

const database = "bench_peers_river"

// Makes the database anew. begun is called for every job as it begins.
func open(ctx context.Context, url string, tune tuning, begun func(noop)) (*scene, error) {
	if err := recreate(ctx, url); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Database = database
	config.MaxConns = int32(tune.connections)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet()})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	s := &scene{pool: pool, moved: make(chan struct{}, 1)}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{begun: func(args noop) {
		if s.first.Load() == 0 {
			s.first.CompareAndSwap(0, time.Now().UnixNano())
		}
		if begun != nil {
			begun(args)
		}
	}})
	s.client, err = river.NewClient(driver, &river.Config{
		FetchCooldown:     tune.cooldown,
		FetchPollInterval: tune.poll,
		Logger:            quiet(),
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: tune.workers}},
		Workers:           workers,
	})
	if err != nil {
		return nil, err
	}
	// Counted here and not in Work, as River's own benchmark does: a job is told here once its
	// completion is stored. The channel is long enough that no event is dropped.
	events, cancel := s.client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: 1 << 17,
		Kinds:    []river.EventKind{river.EventKindJobCompleted},
	})
	s.cancel = cancel
	go func() {
		for range events {
			s.last.Store(time.Now().UnixNano())
			s.completed.Add(1)
			select {
			case s.moved <- struct{}{}:
			default:
			}
		}
	}()
	return s, nil
}

func (s *scene) close(ctx context.Context) error {
	err := s.client.Stop(ctx)
	s.cancel()
	s.pool.Close()
	return err
}

// Puts this many jobs in by InsertManyFast, which is River's fastest insert (COPY).
func (s *scene) insert(ctx context.Context, jobs, batch int) error {
	many := make([]river.InsertManyParams, min(batch, jobs))
	for i := range many {
		many[i].Args = noop{}
	}
	for jobs > 0 {
		n := min(jobs, len(many))
		if _, err := s.client.InsertManyFast(ctx, many[:n]); err != nil {
			return err
		}
		jobs -= n
	}
	return nil
}

// Waits until this many jobs have been completed.
func (s *scene) until(ctx context.Context, jobs int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for s.completed.Load() < int64(jobs) {
		select {
		case <-s.moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (s *scene) execute(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := s.pool.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func recreate(ctx context.Context, url string) error {
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	for _, statement := range []string{
		"drop database if exists " + database + " with (force)",
		"create database " + database,
		// What the run before left to write must not fall into this one.
		"checkpoint",
	} {
		if _, err := connection.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}
