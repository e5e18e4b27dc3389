import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { Action } from "@/api/status";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { ErrorNote } from "@/ui/note";

const WORDS = {
  cancel: {
    title: "Cancel this task?",
    text: "A running attempt is told to stop. It can be retried later.",
    button: "Cancel task",
    look: "danger-solid",
  },
  retry: {
    title: "Run this task again?",
    text: "It starts anew, with all its retries.",
    button: "Retry task",
    look: "primary",
  },
} as const;

/** Asks before an action on one task. */
export function ActionDialog({ id, action, onClose }: { id: string; action: Action; onClose: () => void }) {
  const { title, text, button, look } = WORDS[action];
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const act = useMutation({
    mutationFn: async () => {
      const request = { id: BigInt(id), reason };
      if (action === "cancel") await api.cancelTask(request);
      else await api.retryTask(request);
    },
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={title}
      description={text}
      footer={
        <>
          <Button onClick={onClose}>Back</Button>
          <Button look={look} disabled={act.isPending} onClick={() => act.mutate()}>
            {button}
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        <Field label="Reason" hint="For the task's history. May be left out.">
          {(control) => (
            <Input
              {...control}
              value={reason}
              maxLength={255}
              onChange={(event) => setReason(event.target.value)}
              onKeyDown={(event) => event.key === "Enter" && act.mutate()}
            />
          )}
        </Field>
        {act.isError && <ErrorNote error={act.error} />}
      </div>
    </Dialog>
  );
}
