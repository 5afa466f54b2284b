import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface SectionProps {
  title: string;
  children: ComponentChildren;
}

/** Settings that belong together, under their name. */
export function Section({ title, children }: SectionProps) {
  return (
    <fieldset class="settings-section">
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

interface SwitchProps {
  label: string;
  /** What it does, or why it cannot be changed. */
  note?: ComponentChildren;
  isOn: boolean;
  disabled?: boolean;
  onChange(isOn: boolean): void;
}

/** Something that is on or off. */
export function Switch({ label, note, isOn, disabled = false, onChange }: SwitchProps) {
  const id = useId();
  return (
    <label class="setting">
      <span class="setting-text">
        <span id={id}>{label}</span>
        {note && <small id={`${id}-note`}>{note}</small>}
      </span>
      <input
        type="checkbox"
        role="switch"
        class="switch"
        checked={isOn}
        disabled={disabled}
        aria-labelledby={id}
        aria-describedby={note ? `${id}-note` : undefined}
        onChange={({ currentTarget }) => {
          const isWanted = currentTarget.checked;
          // It shows what is so, not what was asked for: a browser may refuse.
          currentTarget.checked = isOn;
          onChange(isWanted);
        }}
      />
    </label>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: { value: string; text: string }[];
  disabled?: boolean;
  onChange(value: string): void;
}

/** One of several. */
export function Choice({ label, value, options, disabled = false, onChange }: ChoiceProps) {
  return (
    <label class="setting">
      <span class="setting-text">{label}</span>
      <select
        value={value}
        disabled={disabled}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {options.map((one) => <option key={one.value} value={one.value}>{one.text}</option>)}
      </select>
    </label>
  );
}

/** A remark of its own: what cannot be done here, or what went wrong. */
export function Remark({ isError, children }: { isError?: boolean; children: ComponentChildren }) {
  return (
    <p class={`setting-remark ${isError ? "is-error" : ""}`} role={isError ? "alert" : undefined}>
      {children}
    </p>
  );
}
