/** Grey shapes where something is about to be. */
export function ListSkeleton() {
  return (
    <div class="list-skeleton" aria-hidden="true">
      {[62, 48, 70, 55, 40, 66].map((width, index) => (
        <div class="skeleton-row" key={index}>
          <span class="skeleton skeleton-face" />
          <span class="skeleton-lines">
            <span class="skeleton" style={{ width: `${width}%` }} />
            <span class="skeleton" style={{ width: `${110 - width}%` }} />
          </span>
        </div>
      ))}
    </div>
  );
}

export function ThreadSkeleton() {
  return (
    <div class="thread-skeleton" aria-hidden="true">
      {[44, 60, 36, 52, 40].map((width, index) => (
        <span
          key={index}
          class={`skeleton skeleton-bubble ${index % 2 ? "is-own" : ""}`}
          style={{ width: `${width}%` }}
        />
      ))}
    </div>
  );
}
