/** The one client of the service. Pages reach the service through it alone. */
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { isAway, link } from "./connection";
import { TaskService } from "./gen/task/v1/task_service_pb";

/** Longest time that a call may take; watches and bulk actions set none. */
const DEADLINE_MS = 10_000;

/** Tells the banner by every call whether the service answers. */
const noticeOutages: Interceptor = (next) => async (request) => {
  try {
    const response = await next(request);
    link.up();
    return response;
  } catch (error) {
    if (!request.signal.aborted || isAway(error)) {
      if (isAway(error)) link.down();
      else link.up();
    }
    throw error;
  }
};

export const api = createClient(
  TaskService,
  createGrpcWebTransport({ baseUrl: "/", defaultTimeoutMs: DEADLINE_MS, interceptors: [noticeOutages] }),
);
