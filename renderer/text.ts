// Every word the user reads comes from a catalogue in resources/locales; English is the one others fall back to.
import catalogue from '../resources/locales/en.json' with { type: 'json' };
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

export function startText(): void {
  void i18next.use(initReactI18next).init({ lng: 'en', fallbackLng: 'en', resources: { en: { translation: catalogue } }, interpolation: { escapeValue: false }, initAsync: false, returnNull: false });
}
