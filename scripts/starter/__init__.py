"""Parts of train_starter.py: photos, folds, views, fit, judge and file."""
