import { cx } from "./cx";

/** Stands where something will be, in about its size. */
export function Skeleton({ className }: { className?: string }) {
  return (
    <div
      aria-hidden
      className={cx("animate-[shimmer_1.6s_ease-in-out_infinite] rounded bg-line", className)}
    />
  );
}

export function PageSkeleton() {
  return (
    <div className="p-4 sm:p-6" role="status" aria-label="Loading">
      <Skeleton className="mb-6 h-7 w-40" />
      <Rows />
    </div>
  );
}

export function Rows({ count = 8 }: { count?: number }) {
  return (
    <div className="space-y-3">
      {Array.from({ length: count }, (_, row) => (
        <Skeleton key={row} className={row % 3 === 1 ? "h-5 w-11/12" : "h-5 w-full"} />
      ))}
    </div>
  );
}
