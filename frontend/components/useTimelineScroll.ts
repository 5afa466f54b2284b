/**
 * Keeps a thread's scroll position where the reader left it, whatever is put before, after or
 * into it; takes them where they ask to go; loads more at the edges; notes what they have seen.
 *
 * @module
 */
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Conversation } from "@/chat/protocol.ts";
import type { Row } from "../lib/rows.ts";
import { markRead } from "../state/marks.ts";
import {
  type Jump,
  jump,
  lastOfOthers,
  loadNewer,
  loadOlder,
  trimThread,
} from "../state/messages.ts";
import { type MessageWindow, windowSize } from "../state/window.ts";

/** So close to the end counts as being there, in pixels. */
const endSlack = 48;
/** So close to an edge, the next page is fetched, in pixels. */
const edge = 1_200;
const trimAbove = windowSize + 100;

interface Place {
  isAtEnd: boolean;
  /** The topmost visible row, and where its top stood above the visible area. */
  key: string | null;
  offset: number;
}

/** For one conversation: its component is keyed by it. @returns whether the reader is at the end, and what to call when they scroll */
export function useTimelineScroll(
  scroller: RefObject<HTMLDivElement | null>,
  view: Conversation,
  window: MessageWindow,
  rows: readonly Row[],
): { isAtEnd: boolean; onScroll: () => void } {
  const place = useRef<Place>({ isAtEnd: true, key: null, offset: 0 });
  const [isAtEnd, setAtEnd] = useState(true);

  const look = () => {
    const area = scroller.current;
    if (area === null) return;
    place.current = placeIn(area);
    setAtEnd(place.current.isAtEnd);
    see(area, view, window);
    if (area.scrollTop < edge) loadOlder();
    if (area.scrollHeight - area.scrollTop - area.clientHeight < edge) loadNewer();
  };

  const settle = () => {
    const area = scroller.current;
    if (area === null) return;
    const wanted = jump.peek();
    if (wanted !== null) {
      jump.value = null;
      go(area, wanted);
    } else if (place.current.isAtEnd && !window.hasAfter) {
      area.scrollTop = area.scrollHeight;
    } else if (place.current.key !== null) {
      const row = rowIn(area, place.current.key);
      if (row) area.scrollTop = row.offsetTop + place.current.offset;
    }
    look();
  };

  const wantedJump = jump.value;
  useLayoutEffect(settle, [rows, wantedJump, window, view.id]);

  const latest = useRef({ look, settle });
  latest.current = { look, settle };
  useEffect(() => {
    const area = scroller.current;
    if (area === null) return;
    // The composer grows, the window is resized, a picture arrives: the end stays in sight.
    const observer = new ResizeObserver(() => latest.current.settle());
    observer.observe(area);
    if (area.firstElementChild) observer.observe(area.firstElementChild);
    const onLook = () => latest.current.look();
    addEventListener("focus", onLook);
    addEventListener("visibilitychange", onLook);
    return () => {
      observer.disconnect();
      removeEventListener("focus", onLook);
      removeEventListener("visibilitychange", onLook);
    };
  }, []);
  useEffect(() => {
    if (isAtEnd && window.messages.length > trimAbove) trimThread();
  }, [isAtEnd, window.messages.length]);

  return { isAtEnd, onScroll: look };
}

function rowIn(area: HTMLElement, key: string): HTMLElement | null {
  return area.querySelector(`[data-key="${CSS.escape(key)}"]`);
}

function placeIn(area: HTMLElement): Place {
  const isAtEnd = area.scrollHeight - area.scrollTop - area.clientHeight <= endSlack;
  const list = area.querySelectorAll<HTMLElement>("[data-key]");
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = list[middle];
    if (row && row.offsetTop + row.offsetHeight > area.scrollTop) high = middle;
    else low = middle + 1;
  }
  const row = list[low];
  return {
    isAtEnd,
    key: row?.dataset.key ?? null,
    offset: row ? area.scrollTop - row.offsetTop : 0,
  };
}

function go(area: HTMLElement, { to }: Jump): void {
  if (to === "end") {
    area.scrollTop = area.scrollHeight;
    return;
  }
  const row = to === "unread"
    ? rowIn(area, "unread")
    : area.querySelector<HTMLElement>(`[data-seq="${to}"]`);
  if (row === null) {
    area.scrollTop = area.scrollHeight;
    return;
  }
  area.scrollTop = row.offsetTop - area.clientHeight * (to === "unread" ? 0.2 : 0.4);
  if (to !== "unread") {
    const color = getComputedStyle(area).getPropertyValue("--highlight");
    row.animate([{ backgroundColor: color }, { backgroundColor: "transparent" }], 1_600);
  }
}

/** Marks as read what really stands before the reader's eyes. */
function see(area: HTMLElement, view: Conversation, window: MessageWindow): void {
  if (document.visibilityState !== "visible" || !document.hasFocus()) return;
  const bottom = area.scrollTop + area.clientHeight;
  const list = area.querySelectorAll<HTMLElement>("[data-seq]");
  for (let index = list.length - 1; index >= 0; index--) {
    const row = list[index];
    if (row === undefined || row.offsetTop + Math.min(row.offsetHeight, 40) > bottom) continue;
    const seen = lastOfOthers(window.messages, Number(row.dataset.seq));
    if (seen !== undefined && seen.seq > view.lastReadSeq) markRead(view.id, seen.seq);
    return;
  }
}
