import * as z from 'zod';

// Schemas would be compiled with `new Function`, which the page's Content-Security-Policy rightly refuses. Loaded before any of them.
z.config({ jitless: true });
