import { failureShare, rateLine } from "@/api/rates";
import type { Point } from "@/api/stats";
import { Chart } from "@/ui/chart";
import { duration, percent, rate } from "@/ui/format";
import { Card } from "@/ui/page";
import { Skeleton } from "@/ui/skeleton";
import { useNow } from "@/ui/time";

/** Throughput, failures, waits and durations, over time. */
export function Charts({ stats }: { stats: { step: number; points: Point[] } | undefined }) {
  const now = useNow();
  if (!stats) {
    return (
      <div className="grid gap-4 lg:grid-cols-2">
        {["Throughput", "Failure rate", "Waiting", "Running"].map((title) => (
          <Card key={title} title={title}>
            <Skeleton className="h-52 w-full" />
          </Card>
        ))}
      </div>
    );
  }
  const { step, points } = stats;
  const times = points.map((point) => point.start);
  const per = (count: (point: Point) => number) => rateLine(points, step, now, count);
  const ended = per((point) => point.succeeded + point.failed + point.cancelled);
  const share = points.map(failureShare);
  const span = (what: "waited" | "ran", p: "p50" | "p95" | "p99") => points.map((point) => point[what][p]);
  const latencies = (what: "waited" | "ran") => [
    { label: "p50", color: "--running", values: span(what, "p50") },
    { label: "p95", color: "--retrying", dash: [6, 3], values: span(what, "p95") },
    { label: "p99", color: "--failed", dash: [2, 3], values: span(what, "p99") },
  ];
  const newest = (values: (number | null)[], say: (value: number) => string) => {
    const value = values.findLast((each) => each !== null);
    return value === undefined || value === null ? "nothing yet" : say(value);
  };
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Card title="Throughput">
        <Chart
          summary={`Tasks a second over time; ended now: ${newest(ended, rate)}`}
          times={times}
          format={rate}
          lines={[
            { label: "created", color: "--pending", dash: [6, 3], values: per((point) => point.created) },
            { label: "ended", color: "--succeeded", values: ended },
          ]}
        />
      </Card>
      <Card title="Failure rate">
        <Chart
          summary={`Share of attempts that failed over time; now: ${newest(share, percent)}`}
          times={times}
          format={percent}
          lines={[{ label: "attempts that failed", color: "--failed", values: share }]}
        />
      </Card>
      <Card title="Waiting until started">
        <Chart
          summary={`How long tasks waited over time; median now: ${newest(span("waited", "p50"), duration)}`}
          times={times}
          format={duration}
          lines={latencies("waited")}
        />
      </Card>
      <Card title="Running">
        <Chart
          summary={`How long attempts ran over time; median now: ${newest(span("ran", "p50"), duration)}`}
          times={times}
          format={duration}
          lines={latencies("ran")}
        />
      </Card>
    </div>
  );
}
