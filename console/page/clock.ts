import { useEffect, useState } from 'preact/hooks';

/** This moment in milliseconds, renewed every second. */
export function useSecond(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const every = window.setInterval(() => setNow(Date.now()), 1_000);
    return () => window.clearInterval(every);
  }, []);
  return now;
}
