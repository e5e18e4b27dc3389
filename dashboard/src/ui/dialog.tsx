import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "./button";
import { cx } from "./cx";

/**
 * A dialog in front of the page: keeps the focus, closes on Escape.
 *
 * The ground behind it is a plain element: Radix's own adds a style element to the page to lock scrolling, which
 * the content security policy refuses.
 */
export function Dialog(props: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
}) {
  const { open, onOpenChange, title, description, children, footer, wide } = props;
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 overflow-y-auto overscroll-contain bg-black/40">
          <div className="flex min-h-full items-end justify-center sm:items-start sm:p-6 sm:pt-[12vh]">
            <Radix.Content
              {...(description ? {} : { "aria-describedby": undefined })}
              className={cx(
                "w-full animate-[appear_120ms_ease-out] rounded-t-xl border border-line bg-raised shadow-over outline-none sm:rounded-xl",
                wide ? "sm:max-w-2xl" : "sm:max-w-md",
              )}
            >
              <header className="flex items-start justify-between gap-4 px-5 pt-4">
                <div className="min-w-0">
                  <Radix.Title className="font-semibold">{title}</Radix.Title>
                  {description && (
                    <Radix.Description asChild>
                      <div className="mt-1 text-soft">{description}</div>
                    </Radix.Description>
                  )}
                </div>
                <Radix.Close asChild>
                  <IconButton label="Close" className="-mr-2">
                    <X aria-hidden className="size-4" />
                  </IconButton>
                </Radix.Close>
              </header>
              <div className="px-5 py-4">{children}</div>
              {footer && (
                <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">
                  {footer}
                </footer>
              )}
            </Radix.Content>
          </div>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}
