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

/** A number that grows by one every so many milliseconds while the page is looked at. */
export function useEvery(milliseconds: number): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const every = window.setInterval(() => {
      if (!document.hidden) setCount((before) => before + 1);
    }, milliseconds);
    return () => window.clearInterval(every);
  }, [milliseconds]);
  return count;
}
