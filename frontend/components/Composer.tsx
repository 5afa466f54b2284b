import type { TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { limits } from "@/chat/protocol.ts";
import { drafts, focusedDraft, keepDraft } from "../state/drafts.ts";
import { Icon } from "./Icon.tsx";

interface ComposerProps {
  /** Which draft it holds: a conversation's or a recipient's. */
  draftKey: string;
  placeholder: string;
  onSend(text: string): void;
  onTyped?(): void;
}

/** The counter appears when so few characters are left. */
const counterFrom = 500;
const hasTouch = globalThis.matchMedia?.("(pointer: coarse)").matches ?? false;

/** Where one writes. Enter sends and Shift+Enter breaks the line; on touch screens Enter breaks. */
export function Composer({ draftKey, placeholder, onSend, onTyped }: ComposerProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const text = drafts.value.get(draftKey) ?? "";
  const { length } = text.trim();
  const left = limits.contentLength - length;
  const canSend = length > 0 && left >= 0;

  const leave = () => {
    if (focusedDraft.value === draftKey) focusedDraft.value = null;
  };

  useLayoutEffect(() => {
    const { current } = area;
    if (current === null) return;
    current.style.height = "auto";
    current.style.height = `${current.scrollHeight}px`;
  }, [text]);
  useLayoutEffect(() => {
    // At once, so that no key is lost when a first message turns into a conversation. On touch
    // screens only where one was writing before: focus brings up the keyboard.
    if (!hasTouch || focusedDraft.value === draftKey) area.current?.focus({ preventScroll: true });
    return leave;
  }, [draftKey]);

  const submit = () => {
    // The field knows best: a key may have come after the last drawing.
    const written = area.current?.value.trim() ?? "";
    if (written === "" || written.length > limits.contentLength) return;
    onSend(written);
    keepDraft(draftKey, "");
    area.current?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    // While an input method composes, Enter belongs to it; Safari says so by key code 229 only.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key !== "Enter" || event.shiftKey || hasTouch) return;
    event.preventDefault();
    submit();
  };
  const onInput = (event: TargetedEvent<HTMLTextAreaElement>) => {
    const { value } = event.currentTarget;
    keepDraft(draftKey, value);
    if (value.trim() !== "") onTyped?.();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div class={`composer-field ${left < 0 ? "is-over" : ""}`}>
        <textarea
          id="composer"
          ref={area}
          rows={1}
          dir="auto"
          value={text}
          placeholder={placeholder}
          aria-label={placeholder}
          aria-describedby={left <= counterFrom ? "composer-count" : undefined}
          aria-invalid={left < 0}
          enterkeyhint={hasTouch ? "enter" : "send"}
          onInput={onInput}
          onKeyDown={onKeyDown}
          onFocus={() => focusedDraft.value = draftKey}
          onBlur={leave}
        />
        {left <= counterFrom && (
          <span id="composer-count" class="composer-count" role="status">
            {left >= 0 ? `${left} left` : `${-left} too many: shorten it to send`}
          </span>
        )}
      </div>
      <button type="submit" class="send" disabled={!canSend} aria-label="Send">
        <Icon name="send" />
      </button>
    </form>
  );
}
