/** What the form starts with: a type, or the task that another one shall be like. */
export interface CreateSearch {
  type?: string;
  from?: string;
}

export function readCreateSearch(raw: Record<string, unknown>): CreateSearch {
  return {
    ...(raw.type ? { type: String(raw.type) } : {}),
    ...(/^[1-9]\d{0,18}$/.test(String(raw.from)) ? { from: String(raw.from) } : {}),
  };
}
