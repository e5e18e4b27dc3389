import { useEffect, useRef } from "react";
import type uPlot from "uplot";
import type { AlignedData } from "uplot";
import { absolute } from "./format";
import { theme } from "./theme";

export interface ChartLine {
  label: string;
  /** A variable of the style sheet, such as `--running`. */
  color: string;
  dash?: number[];
  values: (number | null)[];
}

/** Lines over time. The library comes with the first chart, not with the page. */
export function Chart(props: {
  /** What it shows, in a sentence with figures, for those who do not see it. */
  summary: string;
  /** Milliseconds. */
  times: number[];
  lines: ChartLine[];
  format: (value: number) => string;
}) {
  const { summary, times, lines, format } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useRef<AlignedData>([[]]);
  data.current = [times.map((at) => at / 1_000), ...lines.map((line) => line.values)];
  const look = theme.use();
  const shape = lines.map((line) => line.label).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: new data is set below, without a new chart
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let gone = false;
    const size = () => ({ width: Math.max(element.clientWidth, 200), height: element.clientHeight });
    const resized = new ResizeObserver(() => plot.current?.setSize(size()));
    const system = matchMedia("(prefers-color-scheme: dark)");
    const draw = async () => {
      const [{ default: Plot }] = await Promise.all([import("uplot"), import("uplot/dist/uPlot.min.css")]);
      if (gone) return;
      const style = getComputedStyle(document.documentElement);
      const color = (name: string) => style.getPropertyValue(name).trim();
      // The canvas knows no style sheet: letters grow on large screens as those of the page do.
      const rem = Number.parseFloat(style.fontSize);
      const axis = {
        font: `${0.85 * rem}px ${style.fontFamily}`,
        stroke: color("--faint"),
        grid: { stroke: color("--line"), width: 1 },
        ticks: { show: false },
      };
      plot.current?.destroy();
      plot.current = new Plot(
        {
          ...size(),
          legend: { show: false },
          cursor: { drag: { x: false, y: false } },
          scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
          axes: [
            { ...axis, size: 2 * rem, values: clock },
            { ...axis, size: 4.5 * rem, values: (_, ticks) => ticks.map(format) },
          ],
          series: [
            {},
            ...lines.map((line) => ({
              label: line.label,
              stroke: color(line.color),
              width: 2,
              ...(line.dash ? { dash: line.dash } : {}),
              // A value without neighbours would be no line.
              points: { show: true, size: 3 },
              spanGaps: false,
            })),
          ],
        },
        data.current,
        element,
      );
    };
    void draw();
    system.addEventListener("change", draw);
    resized.observe(element);
    return () => {
      gone = true;
      system.removeEventListener("change", draw);
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [look, shape]);

  useEffect(() => {
    plot.current?.setData(data.current);
  });

  return (
    <figure className="min-w-0">
      <div ref={box} role="img" aria-label={summary} className="h-52 w-full overflow-hidden" />
      <figcaption className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-[0.85rem] text-soft">
        {lines.map((line) => (
          <span key={line.label} className="inline-flex items-center gap-1.5">
            <Swatch line={line} />
            {line.label} <span className="tabular-nums text-text">{last(line, format)}</span>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** The time of day, or the day where days are shown. */
function clock(_: uPlot, ticks: number[], __: number, ___: number, step: number): string[] {
  return ticks.map((tick) => absolute(tick * 1_000).slice(...(step < 86_400 ? [11, 16] : [5, 10])));
}

function Swatch({ line }: { line: ChartLine }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 16 4" className="h-1 w-4">
      <line
        x1="0"
        y1="2"
        x2="16"
        y2="2"
        stroke={`var(${line.color})`}
        strokeWidth="3"
        strokeDasharray={line.dash?.join(" ")}
      />
    </svg>
  );
}

function last(line: ChartLine, format: (value: number) => string): string {
  const value = line.values.findLast((each) => each !== null);
  return value === undefined || value === null ? "–" : format(value);
}
