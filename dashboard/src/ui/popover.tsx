import { Popover as Radix } from "radix-ui";
import type { ReactNode } from "react";

/** A panel that hangs on a button. */
export function Popover(props: {
  trigger: ReactNode;
  label: string;
  children: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: "start" | "end";
}) {
  const { trigger, label, children, open, onOpenChange, align = "end" } = props;
  return (
    <Radix.Root {...(open === undefined ? {} : { open })} {...(onOpenChange ? { onOpenChange } : {})}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={12}
          aria-label={label}
          className="z-30 max-h-[80dvh] max-w-[calc(100vw-1.5rem)] animate-[appear_120ms_ease-out] overflow-y-auto rounded-lg border border-line bg-raised p-3 shadow-over outline-none"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
