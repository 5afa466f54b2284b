import type { ComponentChildren } from "preact";

interface NoticeProps {
  title: string;
  text?: string;
  /** With the drawing of two bubbles above it. */
  hasArt?: boolean;
  children?: ComponentChildren;
  /** What failed, done once more; the notice is an alert then. */
  retry?: () => void;
}

/** A quiet message in the middle of an otherwise empty area. */
export function Notice({ title, text, hasArt, children, retry }: NoticeProps) {
  return (
    <div class={`notice ${hasArt ? "has-art" : ""}`} role={retry && "alert"}>
      {hasArt && <img class="notice-art" src="/bubbles.svg" alt="" width={160} height={104} />}
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children}
      {retry && <button type="button" class="button" onClick={retry}>Try again</button>}
    </div>
  );
}
