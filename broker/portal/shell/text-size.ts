// How large this browser shows text: everything is measured by it, so that it grows as a whole. Kept in the browser, set before anything is drawn.
export const textSizes = ["normal", "large", "larger"] as const;
export type TextSize = (typeof textSizes)[number];

const place = "sallyport.text-size";

export function textSize(): TextSize {
  const kept = localStorage.getItem(place);
  return textSizes.find((size) => size === kept) ?? "normal";
}

export function setTextSize(size: TextSize): void {
  localStorage.setItem(place, size);
  applyTextSize();
}

export function applyTextSize(): void {
  document.documentElement.dataset["textSize"] = textSize();
}
