import type { Failure } from "./useSubmit.ts";

interface FieldProps {
  name: string;
  label: string;
  type?: "text" | "email" | "password";
  autocomplete: string;
  hint?: string;
  /** The form's; what is said of this field is shown with it. */
  failure: Failure | null;
}

/** A labelled input, with its error or hint tied to it. */
export function Field({ name, label, type = "text", autocomplete, hint, failure }: FieldProps) {
  const error = failure?.fields[name];
  const note = error ?? hint;
  // Preact's types know each kind of input by itself.
  const kind = { type } as { type: "text" };
  return (
    <label class={`field ${error ? "has-error" : ""}`}>
      <span class="field-label">{label}</span>
      <input
        name={name}
        {...kind}
        autocomplete={autocomplete}
        dir="auto"
        autocapitalize={name === "displayName" ? "words" : "none"}
        spellcheck={false}
        aria-invalid={error !== undefined}
        aria-describedby={note ? `${name}-note` : undefined}
        required
      />
      {note && <span id={`${name}-note`} class="field-note">{note}</span>}
    </label>
  );
}

/** What went wrong with a form as a whole. */
export function FormError({ failure }: { failure: Failure | null }) {
  return failure && <p class="form-error" role="alert">{failure.message}</p>;
}
