import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface MenuProps {
  /** What the button is called. */
  label: string;
  /** What the button shows. */
  button: ComponentChildren;
  /** What is unfolded; it gets what folds it up again. */
  children: (close: () => void) => ComponentChildren;
}

/** A button that unfolds a few things to choose from; Escape and a click elsewhere fold them up. */
export function Menu({ label, button, children }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const fold = () => {
    root.current?.querySelector("button")?.focus();
    setOpen(false);
  };
  useEffect(() => {
    if (!isOpen) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      fold();
    };
    const onPointerDown = ({ target }: Event) => {
      if (!(target instanceof Node && root.current?.contains(target))) setOpen(false);
    };
    addEventListener("pointerdown", onPointerDown);
    addEventListener("keydown", onKeyDown, { capture: true });
    return () => {
      removeEventListener("pointerdown", onPointerDown);
      removeEventListener("keydown", onKeyDown, { capture: true });
    };
  }, [isOpen]);
  return (
    <div class="menu-anchor" ref={root}>
      <button
        type="button"
        class="icon-button"
        aria-expanded={isOpen}
        aria-label={label}
        onClick={() => setOpen(!isOpen)}
      >
        {button}
      </button>
      {isOpen && <div class="menu">{children(fold)}</div>}
    </div>
  );
}
