"""Reading of many TH1 at once: the counterpart of the writing of templates."""
