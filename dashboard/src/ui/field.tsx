import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "./cx";

const INPUT =
  "w-full min-w-0 rounded-md border border-line-strong/60 bg-panel px-2.5 text-text placeholder:text-faint " +
  "hover:border-line-strong aria-invalid:border-failed disabled:opacity-60";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input autoComplete="off" className={cx(INPUT, "h-8", className)} {...rest} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea spellCheck={false} className={cx(INPUT, "py-1.5", className)} {...rest} />;
}

export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select className={cx(INPUT, "h-8 pr-1", className)} {...rest} />;
}

/** What a field hands to its control, so that both belong together for those who cannot see it. */
export interface Control {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
  "aria-required": true | undefined;
}

/** A labelled control with what it expects, and what is wrong with it. */
export function Field(props: {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  required?: boolean;
  className?: string;
  children: (control: Control) => ReactNode;
}) {
  const { label, hint, error, required, className, children } = props;
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={cx("min-w-0", className)}>
      <label htmlFor={id} className="mb-1 flex items-baseline gap-1.5 font-medium">
        {label}
        {required && <span className="text-[0.85rem] font-normal text-faint">required</span>}
      </label>
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": error ? true : undefined,
        "aria-required": required || undefined,
      })}
      {error && (
        <p id={`${id}-error`} className="foreign mt-1 text-[0.9rem] text-failed">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="foreign mt-1 text-[0.85rem] text-faint">
          {hint}
        </p>
      )}
    </div>
  );
}
