import { useMemo } from "preact/hooks";
import type { NotificationPreferences } from "@/chat/protocol.ts";
import { quietHoursText, timeZones } from "../../lib/quiet_hours.ts";
import { changePreferences, switchQuietHours } from "../../state/preferences.ts";
import { Choice, Remark, Section, Switch } from "./Setting.tsx";

/** When nothing is to reach the member. */
export function QuietHoursSection({ current }: { current: NotificationPreferences }) {
  const { quietHours } = current;
  return (
    <Section title="Quiet hours">
      <Switch
        label="Do not disturb me at certain hours"
        note="No sound, no push, no email. Messages are there when you look."
        isOn={quietHours !== null}
        onChange={switchQuietHours}
      />
      {quietHours && <Hours quietHours={quietHours} />}
    </Section>
  );
}

function Hours({ quietHours }: { quietHours: NonNullable<NotificationPreferences["quietHours"]> }) {
  const { start, end, timeZone } = quietHours;
  const zones = useMemo(() => timeZones(timeZone), [timeZone]);
  const change = (part: Partial<typeof quietHours>) =>
    changePreferences({ quietHours: { ...quietHours, ...part } });
  return (
    <>
      <div class="setting-times">
        <label>
          From
          <TimeInput value={start} onChange={(start) => change({ start })} />
        </label>
        <label>
          to
          <TimeInput value={end} onChange={(end) => change({ end })} />
        </label>
      </div>
      <Choice
        label="Time zone"
        value={timeZone}
        options={zones.map((zone) => ({ value: zone, text: zone.replaceAll("_", " ") }))}
        onChange={(timeZone) => change({ timeZone })}
      />
      <Remark>{quietHoursText(quietHours)}</Remark>
    </>
  );
}

function TimeInput({ value, onChange }: { value: string; onChange(value: string): void }) {
  return (
    <input
      type="time"
      value={value}
      required
      onChange={({ currentTarget }) => {
        // Cleared, it says nothing.
        if (currentTarget.value === "") currentTarget.value = value;
        else onChange(currentTarget.value);
      }}
    />
  );
}
