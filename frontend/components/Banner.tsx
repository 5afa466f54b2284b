import { useEffect, useState } from "preact/hooks";
import { connection } from "../state/chat.ts";

/** A hiccup shorter than this is nobody's business. */
const patienceMs = 1_000;

/** Says that the connection is gone, once that has lasted a moment. */
export function Banner() {
  const status = connection.status.value;
  const isAway = status === "connecting" || status === "waiting";
  const [isLate, setLate] = useState(false);
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    if (!isAway) return setLate(false);
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, [isAway]);
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
    : !isAway || !isLate
    ? null
    : isOnline
    ? "Connecting…"
    : "You are offline. Messages will be sent when you are back.";
  return (
    <div class={`banner ${text ? "is-shown" : ""}`} role="status">
      {text && <p>{isOnline && isAway && <span class="spinner" />}{text}</p>}
    </div>
  );
}
