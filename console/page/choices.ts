import { useEffect, useState } from 'preact/hooks';
import * as z from 'zod';
import { type Language, languages } from './words.ts';

const languageSchema = z.enum(['en', 'fr']);
const themeSchema = z.enum(['auto', 'light', 'dark']);
export type Theme = z.infer<typeof themeSchema>;
export const themes = themeSchema.options;

/** The language of the page, kept for the next visit; at first the browser's. */
export function useLanguage(): [Language, (language: Language) => void] {
  const own = navigator.language.startsWith('fr') ? 'fr' : 'en';
  const [language, setLanguage] = useKept('vigie.language', languageSchema.catch(own));
  useEffect(() => {
    document.documentElement.lang = languages[language].locale.slice(0, 2);
  }, [language]);
  return [language, setLanguage];
}

/** Light, dark, or what the system says; kept for the next visit. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useKept('vigie.theme', themeSchema.catch('auto'));
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  return [theme, setTheme];
}

function useKept<Value extends string>(key: string, schema: z.ZodType<Value>): [Value, (value: Value) => void] {
  const [value, setValue] = useState<Value>(() => schema.parse(localStorage.getItem(key)));
  return [
    value,
    (chosen) => {
      localStorage.setItem(key, chosen);
      setValue(chosen);
    },
  ];
}
