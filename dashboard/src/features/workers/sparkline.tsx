import { number } from "@/ui/format";

const [WIDTH, HEIGHT, MINUTES] = [120, 24, 60];

/** Slots in use over the last hour; minutes without word are gaps. */
export function Sparkline(props: { load: { start: number; busy: number }[]; slots: number; now: number }) {
  const { load, slots, now } = props;
  const x = (start: number) => WIDTH - ((now - start) / 60_000 / MINUTES) * WIDTH;
  const bar = WIDTH / MINUTES;
  const most = load.reduce((max, each) => Math.max(max, each.busy), 0);
  return (
    <svg
      role="img"
      aria-label={`Slots in use over the last hour, ${number(Math.round(most))} at most`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      className="h-6 w-30 rounded-sm bg-hover"
    >
      {load.map((each) => {
        const height = slots > 0 ? Math.max((each.busy / slots) * HEIGHT, each.busy > 0 ? 1 : 0) : 0;
        return (
          <rect
            key={each.start}
            x={Math.max(0, x(each.start) - bar)}
            y={HEIGHT - height}
            width={bar}
            height={height}
            fill="var(--running)"
          />
        );
      })}
    </svg>
  );
}
