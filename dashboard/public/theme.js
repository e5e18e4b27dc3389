// Sets the chosen theme before the first paint. A file of its own, since the content security policy
// allows no inline script; the key is that of src/ui/theme.ts.
try {
  const theme = localStorage.getItem("task.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's theme stays.
}
