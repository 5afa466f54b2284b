import type { ComponentChildren } from "preact";

interface NoticeProps {
  title: string;
  text?: string;
  /** With the drawing of two bubbles above it. */
  hasArt?: boolean;
  children?: ComponentChildren;
  isAlert?: boolean;
}

/** A quiet message in the middle of an otherwise empty area. */
export function Notice({ title, text, hasArt, children, isAlert }: NoticeProps) {
  return (
    <div class={`notice ${hasArt ? "has-art" : ""}`} role={isAlert ? "alert" : undefined}>
      {hasArt && <img class="notice-art" src="/bubbles.svg" alt="" width={160} height={104} />}
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children}
    </div>
  );
}
