import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { english } from './words-en.ts';
import { french } from './words-fr.ts';

export type Words = typeof english;

export const languages = { en: english, fr: french } as const;
export type Language = keyof typeof languages;

export const WordsContext = createContext<Words>(english);

export function useWords(): Words {
  return useContext(WordsContext);
}

/** Hours, minutes and seconds as a clock shows them: `4:05:09`, `05:09`; days and hours beyond that. */
export function countdown(milliseconds: number, { locale }: Words): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days === 0) return `${hours > 0 ? `${hours}:` : ''}${two(minutes)}:${two(seconds % 60)}`;
  const short = (value: number, unit: 'day' | 'hour') =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'narrow' }).format(value);
  return `${short(days, 'day')} ${short(hours, 'hour')}`;
}

/** A length of time in its largest whole units: `0.4 sec`, `30 min`, `2 days`. */
export function duration(milliseconds: number, { locale }: Words): string {
  if (milliseconds < 60_000) {
    const seconds = milliseconds / 1000;
    const digits = seconds < 10 ? 1 : 0;
    return new Intl.NumberFormat(locale, { style: 'unit', unit: 'second', maximumFractionDigits: digits }).format(
      seconds,
    );
  }
  const minutes = Math.round(milliseconds / 60_000);
  const [value, unit] =
    minutes >= 2880 || (minutes >= 1440 && minutes % 1440 === 0)
      ? ([minutes / 1440, 'day'] as const)
      : minutes >= 60
        ? ([minutes / 60, 'hour'] as const)
        : ([minutes, 'minute'] as const);
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: unit === 'minute' ? 'short' : 'long',
    maximumFractionDigits: 1,
  }).format(value);
}

/** An instant for a reader: the time alone when it is of today. */
export function moment(instant: string, { locale }: Words, now: number): string {
  const at = new Date(instant);
  const sameDay = at.toDateString() === new Date(now).toDateString();
  return at.toLocaleString(locale, {
    ...(sameDay ? {} : { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** The name of a language (ISO 639-1) in the page's language. */
export function languageName(code: string, { locale }: Words): string {
  if (code === 'und' || code === '') return '—';
  try {
    return new Intl.DisplayNames([locale], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** A name of the policy (`comment_without_service_matter`) as words. */
export function spaced(name: string): string {
  return name.replaceAll('_', ' ');
}

const channelNames: Readonly<Record<string, string>> = {
  facebook: 'Facebook',
  instagram: 'Instagram',
  messenger: 'Messenger',
  whatsapp: 'WhatsApp',
  x: 'X',
  sms: 'SMS',
  telegram: 'Telegram',
  tiktok: 'TikTok',
  youtube: 'YouTube',
  linkedin: 'LinkedIn',
  generic: 'Webhook',
};

export function channelName(channel: string): string {
  return channelNames[channel] ?? `${channel.slice(0, 1).toUpperCase()}${spaced(channel.slice(1))}`;
}
