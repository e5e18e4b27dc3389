import type { ComponentProps } from "react";
import { cx } from "./cx";

const LOOKS = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong border-transparent font-medium",
  plain: "bg-panel text-text border-line hover:bg-hover",
  quiet: "border-transparent text-soft hover:bg-hover hover:text-text",
  danger: "bg-panel text-failed border-line hover:bg-failed-soft",
  "danger-solid": "bg-failed text-panel border-transparent hover:opacity-90 font-medium",
};

export type Look = keyof typeof LOOKS;

/** The classes of a button, for links that look like one. */
export function buttonClass(look: Look = "plain", icon = false): string {
  return cx(
    "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md border text-[0.93rem] whitespace-nowrap",
    "transition-colors select-none disabled:pointer-events-none disabled:opacity-50 aria-disabled:opacity-50",
    icon ? "w-8" : "px-3",
    LOOKS[look],
  );
}

export interface ButtonProps extends ComponentProps<"button"> {
  look?: Look;
}

export function Button({ look = "plain", className, type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={cx(buttonClass(look), className)} {...rest} />;
}

export interface IconButtonProps extends ButtonProps {
  /** What it does: its accessible name, also shown on hover. */
  label: string;
}

export function IconButton({ look = "quiet", label, className, type = "button", ...rest }: IconButtonProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={cx(buttonClass(look, true), className)}
      {...rest}
    />
  );
}
