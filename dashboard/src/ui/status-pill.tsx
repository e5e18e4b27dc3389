import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleX,
  LoaderCircle,
  type LucideIcon,
  RotateCw,
} from "lucide-react";
import type { Status } from "@/api/status";
import { cx } from "./cx";

interface StatusLook {
  label: string;
  icon: LucideIcon;
  /** Classes for text and ground. */
  pill: string;
  text: string;
  /** The colour itself, for drawings. */
  color: string;
}

/** How each status looks, everywhere. Exhaustive by type: a new status does not compile without a look. */
export const STATUS_LOOK: Record<Status, StatusLook> = {
  pending: {
    label: "Pending",
    icon: CircleDashed,
    pill: "bg-pending-soft text-pending",
    text: "text-pending",
    color: "var(--pending)",
  },
  running: {
    label: "Running",
    icon: LoaderCircle,
    pill: "bg-running-soft text-running",
    text: "text-running",
    color: "var(--running)",
  },
  retrying: {
    label: "Retrying",
    icon: RotateCw,
    pill: "bg-retrying-soft text-retrying",
    text: "text-retrying",
    color: "var(--retrying)",
  },
  succeeded: {
    label: "Succeeded",
    icon: CircleCheck,
    pill: "bg-succeeded-soft text-succeeded",
    text: "text-succeeded",
    color: "var(--succeeded)",
  },
  failed: {
    label: "Failed",
    icon: CircleX,
    pill: "bg-failed-soft text-failed",
    text: "text-failed",
    color: "var(--failed)",
  },
  cancelled: {
    label: "Cancelled",
    icon: Ban,
    pill: "bg-cancelled-soft text-cancelled",
    text: "text-cancelled",
    color: "var(--cancelled)",
  },
};

export function StatusIcon({ status, className }: { status: Status; className?: string }) {
  const { icon: Icon, text } = STATUS_LOOK[status];
  return <Icon aria-hidden className={cx("size-4 shrink-0", text, className)} />;
}

export function StatusPill({ status, className }: { status: Status; className?: string }) {
  const { label, icon: Icon, pill } = STATUS_LOOK[status];
  return (
    <span
      className={cx(
        "inline-flex h-5.5 items-center align-middle gap-1 rounded-full px-2 text-[0.85rem] font-medium whitespace-nowrap",
        pill,
        className,
      )}
    >
      <Icon aria-hidden className="size-3.5" />
      {label}
    </span>
  );
}
