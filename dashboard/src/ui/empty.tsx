import type { ReactNode } from "react";
import { CopyButton } from "./copy";

/** Says why there is nothing, and how to change that. */
export function Empty(props: { title: string; children?: ReactNode; command?: string; action?: ReactNode }) {
  const { title, children, command, action } = props;
  return (
    <div className="mx-auto flex max-w-xl flex-col items-center gap-3 px-4 py-14 text-center">
      <p className="font-semibold">{title}</p>
      {children && <div className="text-soft">{children}</div>}
      {command && <Command text={command} />}
      {action}
    </div>
  );
}

/** A command to be copied. */
export function Command({ text }: { text: string }) {
  return (
    <div className="flex max-w-full items-center gap-2 rounded-md border border-line bg-ground py-1 pr-1 pl-3 text-left">
      <code className="min-w-0 font-mono text-[0.85rem] [overflow-wrap:anywhere]">{text}</code>
      <CopyButton text={text} label="Copy command" />
    </div>
  );
}
