/** The line drawings used on buttons and beside states; decorative unless given a label. */
const paths = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm5 12 4.5 4.5",
  back: "M15 5 8 12l7 7",
  send: "M12 20V4.5M5.5 11 12 4.5 18.5 11",
  sent: "m5 12.5 4.5 4.5L19 7",
  two: "m2 12.5 4.5 4.5L15 7.5m-4.2 8 1.7 1.5L22 7",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm0 4v4.2l2.8 1.8",
  alert: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm0 4.2v4.6m0 2.9v.1",
  down: "M12 5v14m-6.5-6.5L12 19l6.5-6.5",
  leave: "M10 4.5H6.5a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2H10M15 8l4 4-4 4m3.5-4H9.5",
  person: "M12 12.2a3.9 3.9 0 1 0 0-7.8 3.9 3.9 0 0 0 0 7.8Zm-7 7.3c.7-3.3 3.5-5 7-5s6.3 1.7 7 5",
  out: "M9 6h9v9M18 6 6.5 17.5",
  close: "m6 6 12 12M18 6 6 18",
  pin: "M9 4.5h6l-.8 6 2.8 3H7l2.8-3ZM12 13.5V20",
  mute: "M5 9.5v5h3l4 3.5v-12L8 9.5Zm11 .5 4 4m0-4-4 4",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15ZM10 20.5h4",
  settings:
    "M4 8h9m5 0h2M4 16h2m5 0h9M13 8a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0ZM6 16a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0Z",
  chat: "M5 6.5h14v9.5h-7.5L7.5 19.5V16H5Z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, label }: { name: IconName; label?: string }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      <path d={paths[name]} />
    </svg>
  );
}
