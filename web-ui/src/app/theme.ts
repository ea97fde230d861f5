import { createTheme, defaultVariantColorsResolver, type MantineColorsTuple } from "@mantine/core";

// The accent is ink, not a hue: colour is kept for state.
const ink: MantineColorsTuple = ["#f8fafc", "#eef1f5", "#dfe4ea", "#c3cad4", "#98a2b0", "#6b7686", "#4b5565", "#343d4b", "#1f2733", "#10151d"];
const slate: MantineColorsTuple = ["#f8fafc", "#f1f4f7", "#e6eaef", "#d9dfe6", "#cfd5dd", "#677283", "#4b5565", "#343d4b", "#1f2733", "#10151d"];
const night: MantineColorsTuple = ["#e4e7ec", "#c4c9d2", "#98a1af", "#7c8696", "#3a414d", "#2a303a", "#1d222a", "#15191f", "#101318", "#0b0d11"];

export const theme = createTheme({
  primaryColor: "ink",
  primaryShade: { light: 8, dark: 1 },
  // Filled in the accent means ink on the page's own background, which turns round with the theme.
  variantColorResolver: (input) =>
    input.variant === "filled" && (input.color === undefined || input.color === "ink")
      ? { background: "var(--ink)", hover: "var(--ink-hover)", color: "var(--bg)", border: "1px solid transparent" }
      : defaultVariantColorsResolver(input),
  colors: { ink, gray: slate, dark: night },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  fontSizes: { xs: "12px", sm: "13px", md: "13px", lg: "15px", xl: "20px" },
  lineHeights: { xs: "1.4", sm: "1.45", md: "1.45", lg: "1.5" },
  defaultRadius: 6,
  radius: { sm: "4px", md: "6px", lg: "8px" },
  headings: { fontWeight: "600", sizes: { h1: { fontSize: "20px", lineHeight: "28px" }, h2: { fontSize: "13px", lineHeight: "20px" } } },
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "xs", radius: 6 }, styles: { label: { fontWeight: 550 } } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 28, radius: 6 } },
    TextInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs", transitionDuration: 0 } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: false, transitionProps: { duration: 0 }, fz: 12, events: { hover: true, focus: true, touch: false } } },
    Menu: { defaultProps: { transitionProps: { duration: 0 }, shadow: "sm", position: "bottom-end" } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Modal: { defaultProps: { transitionProps: { duration: 0 }, radius: 8 } },
    HoverCard: { defaultProps: { transitionProps: { duration: 0 }, shadow: "sm" } },
    Badge: { defaultProps: { tt: "none", fw: 500, radius: 4, size: "sm" } },
  },
});
