package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// What became of jobs that came one by one, in milliseconds from the call that inserts one.
type pickup struct {
	guard sync.Mutex
	// To its beginning.
	begun []float64
	// To the answer.
	answered []float64
}

func (p *pickup) note(into *[]float64, sent int64) {
	took := float64(time.Now().UnixNano()-sent) / 1e6
	p.guard.Lock()
	defer p.guard.Unlock()
	*into = append(*into, took)
}

// Jobs that arrive at random at this many a second. An arrival does not wait for the one before it.
func measurePickup(ctx context.Context, url string, tune tuning, rate float64, count int) (*pickup, error) {
	var seen pickup
	s, err := open(ctx, url, tune, func(job noop) {
		if job.Sent != 0 {
			seen.note(&seen.begun, job.Sent)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := s.client.Start(ctx); err != nil {
		return nil, err
	}
	const warm = 100
	for range warm {
		if _, err := s.client.Insert(ctx, noop{}, nil); err != nil {
			return nil, err
		}
	}
	if err := s.until(ctx, warm); err != nil {
		return nil, err
	}
	var inserts errgroup.Group
	next := time.Now()
	for range count {
		next = next.Add(time.Duration(rand.ExpFloat64() / rate * float64(time.Second)))
		time.Sleep(time.Until(next))
		inserts.Go(func() error {
			sent := time.Now().UnixNano()
			_, err := s.client.Insert(ctx, noop{Sent: sent}, nil)
			seen.note(&seen.answered, sent)
			return err
		})
	}
	if err := inserts.Wait(); err != nil {
		return nil, err
	}
	if err := s.until(ctx, warm+count); err != nil {
		return nil, err
	}
	return &seen, s.close(ctx)
}
