import { useEffect, useState } from "preact/hooks";
import { connection } from "../state/chat.ts";
import { cannotStore, outbox } from "../state/outbox.ts";

/** A hiccup shorter than this is nobody's business. */
const patienceMs = 1_000;

/** Says that the connection is gone, or the storage, once that has lasted a moment. */
export function Banner() {
  const status = connection.status.value;
  const isAway = status === "connecting" || status === "waiting";
  const hasLines = outbox.value.length > 0;
  const isAtRisk = hasLines && cannotStore.value;
  const isWrong = isAway || isAtRisk;
  const [isLate, setLate] = useState(false);
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    if (!isWrong) return setLate(false);
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, [isWrong]);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  const text = status === "refused"
    ? "The server ended the connection. Reload the page to connect again."
    : !isWrong || !isLate
    ? null
    : isAtRisk
    ? `${isAway ? "No connection. " : ""}This browser stores nothing: keep the page open.`
    : !isOnline
    ? "You are offline. Messages will be sent when you are back."
    : hasLines
    ? "Connecting… Messages will be sent when that succeeds."
    : "Connecting…";
  return (
    <div class={`banner ${text ? "is-shown" : ""}`} role="status">
      {text && <p>{isOnline && isAway && <span class="spinner" />}{text}</p>}
    </div>
  );
}
