import { saveError, savePreferences, saveState, undoChanges } from "../../state/preferences.ts";

/** Says quietly that what was changed is kept. */
export function SaveNote() {
  const text = { unchanged: "", saving: "Saving…", saved: "Saved", failed: "Not saved" };
  return <p class="save-note" role="status">{text[saveState.value]}</p>;
}

/** Why the last change is not kept, with both ways out. */
export function SaveFailure() {
  if (saveState.value !== "failed") return null;
  return (
    <div class="form-error save-failure" role="alert">
      <p>Your change was not saved. {saveError.value}</p>
      <button type="button" class="button" onClick={savePreferences}>Try again</button>
      <button type="button" class="button is-quiet" onClick={undoChanges}>Undo</button>
    </div>
  );
}
