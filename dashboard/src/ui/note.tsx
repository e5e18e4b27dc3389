import { CircleAlert, CircleCheck, Info, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { toProblem } from "@/api/errors";
import { Button } from "./button";
import { cx } from "./cx";

const TONES: Record<"info" | "good" | "warning" | "error", { icon: LucideIcon; look: string }> = {
  info: { icon: Info, look: "bg-running-soft text-running" },
  good: { icon: CircleCheck, look: "bg-succeeded-soft text-succeeded" },
  warning: { icon: TriangleAlert, look: "bg-retrying-soft text-retrying" },
  error: { icon: CircleAlert, look: "bg-failed-soft text-failed" },
};

export function Note(props: {
  tone?: keyof typeof TONES;
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}) {
  const { tone = "info", title, children, action, className } = props;
  const { icon: Icon, look } = TONES[tone];
  return (
    <div
      role={tone === "error" ? "alert" : "status"}
      className={cx("flex flex-wrap items-start gap-x-3 gap-y-2 rounded-md px-3 py-2.5", look, className)}
    >
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-40 flex-1">
        <p className="font-medium">{title}</p>
        {children && <div className="foreign mt-0.5 text-text">{children}</div>}
      </div>
      {action}
    </div>
  );
}

/** What went wrong and what to do about it. */
export function ErrorNote(props: { error: unknown; onRetry?: () => void; className?: string }) {
  const { title, text } = toProblem(props.error);
  return (
    <Note
      tone="error"
      title={title}
      className={props.className}
      action={props.onRetry && <Button onClick={props.onRetry}>Try again</Button>}
    >
      {text}
    </Note>
  );
}
